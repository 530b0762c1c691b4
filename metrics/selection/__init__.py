"""Which answers may be acted upon: cuts with a promise on the risk of what they keep.

Start with `threshold`; the argument behind it is in `sequence`. `anytime` watches a cut in use.

Imports `limits` and `rows`.
"""
