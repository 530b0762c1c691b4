"""Training: the methods as pure functions, two engines that call them, and micro models."""
