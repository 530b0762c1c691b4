"""Names, things and lead-in sentences: what makes a question long or short at any level.

A lead-in never holds a digit and never bears on the answer. Long and short questions occur at
every level, so the length of a question says next to nothing about how hard it is.
"""

from __future__ import annotations

from random import Random

__all__ = ["ask", "lead_in", "people", "thing"]


def _words(text: str) -> list[str]:
    return text.split()


# The people inside a problem and those in a lead-in come from different lists, so that nobody
# appears in both roles.
_PEOPLE = _words(
    "Ana Bilal Chen Dina Emeka Freya Goran Hana Ines Jonas Kofi Leila Marek Nadia Omar Petra "
    "Quinn Rosa Samir Tove Uma Viktor Wanda Yusuf Zoe Aiko Bruno Carla Dmitri Elif"
)
_NARRATORS = _words(
    "Abena Anton Beatriz Cyril Dalia Edwin Farah Gita Henrik Isolde Jamal Katya Lorenzo Mireille "
    "Naveen Olga Pascal Ravi Sigrid Thandi Ulrich Vera Wei Xenia Yara Zoltan Amadou Birgit Celia "
    "Daichi"
)
_COLOURED = _words("marbles buttons stickers beads badges candles ribbons tokens")
_THINGS = _words(
    "apples marbles stamps pencils shells buttons stickers postcards beads walnuts lemons badges "
    "candles ribbons seeds pebbles tokens notebooks eggs plums"
)

_ASK = (
    "What is {0}?",
    "Compute {0}.",
    "Work out {0}.",
    "Evaluate {0}.",
    "Calculate {0}.",
    "Find the value of {0}.",
)

_DOING = (
    "checking the answers of a practice sheet",
    "writing cards for a quiz evening",
    "leafing through an old exercise book",
    "helping a cousin with homework",
    "preparing a puzzle page for a newsletter",
    "putting together a small test for friends",
    "sorting a box of question cards",
    "practising for a competition",
    "reading a collection of problems",
    "working through a book of brain teasers",
    "making an answer key for the study group",
)
# A place, and what may be going on there. Any choice from one place goes together.
_SCENES = (
    (
        "at the kitchen table",
        "Rain is tapping on the window.",
        "A pot of tea stands ready, still too hot to drink.",
        "A cat is asleep on the spare chair.",
        "Someone upstairs is practising the violin.",
        "The dishes from supper have been put away.",
        "The lamp over the table has just been switched on.",
    ),
    (
        "in the reading room of the library",
        "It is quiet, and most of the other tables are empty.",
        "The clock on the wall has stopped, but nobody minds.",
        "There is paper enough, and a well sharpened pencil.",
        "The shelves reach up to the ceiling.",
        "A librarian is pushing a cart of books along the aisle.",
        "Through the tall windows one can see the old town hall.",
    ),
    (
        "on the train home",
        "The carriage is nearly full, but nobody is talking.",
        "Fields and villages are passing by outside.",
        "A suitcase makes a good enough desk.",
        "The conductor has already been through.",
        "Across the aisle somebody is doing a crossword.",
        "There is still a long way to go.",
    ),
    (
        "in a small cafe by the river",
        "The smell of fresh bread comes from the counter.",
        "A radio is playing softly behind the bar.",
        "The waiter has just brought a glass of water.",
        "A barge is going slowly upstream.",
        "Some of the regulars have gathered round to watch.",
        "The morning papers are lying on the next table.",
    ),
    (
        "in the staff room of a school",
        "The bell has rung and the corridor is empty.",
        "The calculators have all been locked away in a cupboard.",
        "Somebody has left half a cake on the table.",
        "A pile of exercise books is waiting to be handed back.",
        "The heating has been turned up too high.",
        "From the gym one can hear a whistle now and then.",
    ),
    (
        "in the garden behind the house",
        "The afternoon is warm and nobody is in a hurry.",
        "Bees are busy in the lavender.",
        "A neighbour is mowing the lawn.",
        "The table stands in the shade of an apple tree.",
        "A jug of lemonade is going round.",
        "The children have gone off to the pond.",
    ),
    (
        "on the ferry to the islands",
        "The sea is calm and the sky is clear.",
        "Gulls are following the boat.",
        "The coast has almost gone from sight.",
        "Most passengers are sitting on the upper deck.",
        "A deckhand is coiling a rope.",
        "Now and then a sail appears on the horizon.",
    ),
    (
        "at the community centre",
        "The chairs have been set out in a circle.",
        "A choir is rehearsing in the room next door.",
        "The coffee machine is out of order again.",
        "A few late guests are still hanging up their coats.",
        "The notice board is full of colourful posters.",
        "The caretaker has promised to leave the lights on.",
    ),
)
_LINKS = (
    "The next question is this one.",
    "One of the lines reads as follows.",
    "Here is the problem that comes up.",
    "This one has been left for last.",
    "Only one question is still open.",
    "The answer to this one has been lost.",
    "A friend has asked for help with this one.",
    "This one has to be settled without a machine.",
    "This is what it says on the page.",
)


def ask(rng: Random, expression: str) -> str:
    """Ask for the value of an expression in one of the plain ways."""
    return rng.choice(_ASK).format(expression)


def people(rng: Random, count: int) -> list[str]:
    """Draw `count` different first names."""
    return rng.sample(_PEOPLE, count)


def thing(rng: Random, *, coloured: bool = False) -> str:
    """Draw something that can be counted, in the plural; perhaps one that has any colour."""
    return rng.choice(_COLOURED if coloured else _THINGS)


def lead_in(rng: Random, length: int) -> str:
    """Write harmless sentences to stand before a question.

    Parameters
    ----------
    rng : Random
        The item's own generator.
    length : int
        How many characters the lead-in should have; it may be some forty short or long.

    Returns
    -------
    str
        Whole sentences with a space after them, or "" when `length` is under 40.
    """
    if length < 40:
        return ""
    place, *events = rng.choice(_SCENES)
    who = f"{rng.choice(_NARRATORS)} is {rng.choice(_DOING)} {place}."
    sentences = [who]
    rng.shuffle(events)
    while len(" ".join(sentences)) < length - 70 and len(events) > 1:
        sentences.append(events.pop())
    if len(" ".join(sentences)) < length - 15:
        sentences.append(rng.choice(_LINKS))
    return " ".join(sentences) + " "
