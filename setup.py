"""Only what setup.cfg cannot say: the discovery hook's .pth belongs at the root of the wheel."""

import shutil

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithHook(build_py):
    def run(self):
        # An editable install builds nothing, and a hook would outlive the checkout.
        if self.editable_mode:
            super().run()
            return
        # setuptools reuses build/lib: a module that was removed would come back.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        self.copy_file("tasks/caopd_bench_discovery.pth", self.build_lib)


setup(cmdclass={"build_py": BuildWithHook})
