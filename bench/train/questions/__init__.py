"""What a training run asks: questions, their contexts, and whether a tokenizer can write them.

Imports `train.settings` and below. Start with `questions`.
"""
