"""Where in a text the confidence stands, in characters and in tokens.

Start with `spans`.
"""
