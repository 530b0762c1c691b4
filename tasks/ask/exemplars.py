"""Worked examples for the prompts of each style, written by hand.

Each set holds one wrong answer, with a low confidence: a model that imitates only right answers
learns that every confidence is high. The mathematics style has a second set (`problems.exemplars`),
so that the effect of the stated numbers can be measured.
"""

from __future__ import annotations

from caopd_bench.tasks.problems.exemplars import EXEMPLARS as MATH
from caopd_bench.tasks.problems.exemplars import Exemplar

__all__ = ["EXEMPLARS"]


def _worked(
    question: str, solution: str, answer: str, confidence: str, gold: str | None = None
) -> Exemplar:
    return {
        "question": question,
        "solution": solution,
        "answer": answer,
        "confidence": confidence,
        "correct": gold is None,
        "gold": answer if gold is None else gold,
    }


_LATEX = [
    _worked(
        r"What is $\frac{1}{2} + \frac{1}{3}$?",
        r"The common denominator is 6, so the sum is $\frac{3}{6} + \frac{2}{6} = \frac{5}{6}$.",
        r"\frac{5}{6}",
        "0.98",
    ),
    _worked("Solve $x^2 = 9$ for $x$.", "Both $3$ and $-3$ have the square 9.", "3, -3", "0.90"),
    _worked(
        r"How many positive divisors does $360$ have?",
        r"$360 = 2^3 \cdot 3^2 \cdot 5$, and $3 \cdot 2 \cdot 1 = 6$.",
        "6",
        "0.30",
        gold="24",
    ),
    _worked(
        "For which real $x$ is $x - 2 > 0$? Write the answer as an interval.",
        "Adding 2 gives $x > 2$.",
        r"(2, \infty)",
        "0.85",
    ),
]
_CHOICE = [
    _worked(
        "Which of these is a mammal?\nA. trout\nB. sparrow\nC. whale\nD. frog",
        "Whales feed their young with milk.",
        "C",
        "0.98",
    ),
    _worked(
        "What is the boiling point of water at sea level?\nA. 50 °C\nB. 100 °C\nC. 150 °C\n"
        "D. 200 °C",
        "At sea level water boils at 100 °C.",
        "B",
        "0.97",
    ),
    _worked(
        "Which river is the longest in France?\nA. Seine\nB. Rhône\nC. Garonne\nD. Loire",
        "I think of the Seine first, but I am not sure.",
        "A",
        "0.35",
        gold="D",
    ),
    _worked(
        "Which gas do plants take from the air?\nA. carbon dioxide\nB. helium\nC. argon\nD. neon",
        "Plants use carbon dioxide.",
        "A",
        "0.90",
    ),
]
_ARITH = [
    _worked("23+45", "", "68", "0.98"),
    _worked("91-37", "", "54", "0.90"),
    _worked("17*28", "", "456", "0.35", gold="476"),
    _worked("06*12", "", "72", "0.85"),
]
_SHORT = [
    _worked("What is the capital of Italy?", "", "Rome", "0.98"),
    _worked("Who wrote the play Hamlet?", "", "William Shakespeare", "0.95"),
    _worked("In which year was the first Rugby World Cup played?", "", "1991", "0.30", gold="1987"),
    _worked("Which metal has the chemical symbol Fe?", "", "Iron", "0.90"),
]
_SCIENCE = [
    _worked(
        "How many hydrogen atoms does the molecule with the SMILES 'CO' have?\n\nA: 2\nB: 3\nC: 4\n"
        "D: 6\nPlease reason step by step.",
        "CO is methanol, CH3OH. It has three hydrogen atoms at the carbon and one at the oxygen.",
        "C",
        "0.95",
    ),
    _worked(
        "What is the molar weight (g/mol) of the molecule with the SMILES 'O'?\n\nA: 16.000\n"
        "B: 17.010\nC: 18.015\nD: 20.030\nPlease reason step by step.",
        "O is water, H2O: 2 * 1.008 + 15.999 = 18.015.",
        "C",
        "0.90",
    ),
    _worked(
        "Which of these molecules dissolves best in water?\n\nA: CCCCCC\nB: c1ccccc1\nC: CCO\n"
        "D: CCCCCCCCO\nPlease reason step by step.",
        "A long alcohol may bind to water with its oxygen.",
        "D",
        "0.35",
        gold="C",
    ),
    _worked(
        "A force of 6 N acts on a mass of 3 kg. What is the acceleration?\n\nA: 0.5 m/s^2\n"
        "B: 2 m/s^2\nC: 9 m/s^2\nD: 18 m/s^2\nPlease reason step by step.",
        "a = F / m = 6 / 3 = 2 m/s^2.",
        "B",
        "0.85",
    ),
]
_FORMAT = (
    "Use the following format:\nThought: you should always think about what to do\nAction: the "
    "action to take, should be one of the tool names.\nAction Input: the input to the action, must "
    "be in JSON format. All of the action input must be realistic and from the user.\n\n"
    "Begin!\nQuestion: "
)


def _tools(documentation: str, question: str) -> str:
    return (
        "Your task is to answer the user's question using available tools. \nYou have access to "
        f"the following tools:\n{documentation}\n\n{_FORMAT}{question}"
    )


_CLOCK = (
    'Name: Clock\nDocumentation:\ngetTime: The time in a city.\nParameters: {"city": "string."}'
)
_SHOP = (
    "Name: Shop\nDocumentation:\nlistItems: All items on sale.\nParameters: {}\n"
    'buyItem: Buy an item.\nParameters: {"name": "string.", "count": "integer."}'
)
_TOOLUSE = [
    _worked(
        _tools(_CLOCK, "What time is it in Lima?"),
        "I need the time in Lima.",
        '[{"Action": "getTime", "Action_Input": "{\\"city\\": \\"Lima\\"}"}]',
        "0.98",
    ),
    _worked(
        _tools(_SHOP, "What can I buy here?"),
        "I list the items.",
        '[{"Action": "listItems", "Action_Input": "{}"}]',
        "0.95",
    ),
    _worked(
        _tools(_SHOP, "Show me what is there, and buy some pears."),
        "The user wants pears, but does not say how many.",
        '[{"Action": "buyItem", "Action_Input": "{\\"name\\": \\"pear\\", \\"count\\": 1}"}]',
        "0.30",
        gold='[{"Action": "listItems", "Action_Input": "{}"}, '
        '{"Action": "buyItem", "Action_Input": "{\\"name\\": \\"pear\\"}"}]',
    ),
    _worked(
        _tools(_CLOCK, "Compare the times in Oslo and Cairo."),
        "I need both times.",
        '[{"Action": "getTime", "Action_Input": "{\\"city\\": \\"Oslo\\"}"}, '
        '{"Action": "getTime", "Action_Input": "{\\"city\\": \\"Cairo\\"}"}]',
        "0.85",
    ),
]

#: Style to name of the set to exemplars.
EXEMPLARS: dict[str, dict[str, list[Exemplar]]] = {
    "math": MATH,
    "latex": {"a": _LATEX},
    "choice": {"a": _CHOICE},
    "short": {"a": _SHORT},
    "arith": {"a": _ARITH},
    "science": {"a": _SCIENCE},
    "tooluse": {"a": _TOOLUSE},
}
