"""The lm-eval plug-in: prompts, the parser, the verifiers, the problems and the tasks.

Names are resolved on first use: the discovery hook passes through this package at every start of
the interpreter, so importing it must cost nothing. Start with `discovery`, then `ask`.

Imports `metrics`.
"""

# Type checkers treat this name as true. Importing the real constant from `typing` would add 10 ms
# to every start of the interpreter.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from caopd_bench.tasks.ask.prompts import PROMPT_VERSION, item_hash
    from caopd_bench.tasks.discovery import task_folder
    from caopd_bench.tasks.judge.verify import verify
    from caopd_bench.tasks.read.parse import PARSER_VERSION, ParsedResponse, parse_response

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
    "PARSER_VERSION": "read.parse",
    "PROMPT_VERSION": "ask.prompts",
    "ParsedResponse": "read.parse",
    "item_hash": "ask.prompts",
    "parse_response": "read.parse",
    "task_folder": "discovery",
    "verify": "judge.verify",
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
