"""The lm-eval plug-in: prompts, the parser, the verifiers, the problems and the tasks.

Names are resolved on first use: the discovery hook passes through this package at every start of
the interpreter, so importing it must cost nothing.
"""

# What type checkers take for true. The real constant is in `typing`, which costs every start of
# the interpreter 10 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from caopd_bench.tasks.discovery import task_folder
    from caopd_bench.tasks.parsing import PARSER_VERSION, ParsedResponse, parse_response
    from caopd_bench.tasks.prompts import PROMPT_VERSION, item_hash
    from caopd_bench.tasks.verifiers import verify

__all__ = [
    "PARSER_VERSION",
    "PROMPT_VERSION",
    "ParsedResponse",
    "item_hash",
    "parse_response",
    "task_folder",
    "verify",
]

_HOMES = {
    "PARSER_VERSION": "parsing",
    "PROMPT_VERSION": "prompts",
    "ParsedResponse": "parsing",
    "item_hash": "prompts",
    "parse_response": "parsing",
    "task_folder": "discovery",
    "verify": "verifiers",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f"{__name__}.{_HOMES[name]}")
    value: object = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return __all__
