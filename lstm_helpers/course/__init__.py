"""The course: what its notebooks, its tests and ``make`` share, and no other LSTM needs."""
