"""Replace look-alikes of ASCII characters, so that every pattern is written once, in ASCII."""

# One character for one. Not NFKC: that turns 5² into 52, and takes quadratic time for long runs of
# accents.
_LOOK_ALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full-width ASCII
    **{code: chr(ord("0") + (code - 0x1D7CE) % 10) for code in range(0x1D7CE, 0x1D800)},  # bold 0-9
    0x3000: " ",
    **dict.fromkeys((0xFE55, 0x2236, 0xA789), ":"),  # small, ratio and modifier colons
    0x2044: "/",  # fraction slash
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD)),  # invisible: removed
    **dict.fromkeys((0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), "\n"),
}


def fold(text: str) -> str:
    """Return the text with full-width and similar characters as ASCII, and every line end as LF.

    Examples
    --------
    >>> fold("Ｃｏｎｆｉｄｅｎｃｅ：０．９")
    'Confidence:0.9'
    """
    return text.translate(_LOOK_ALIKES)
