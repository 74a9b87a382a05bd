"""The course: its weather, its forecaster, its worlds and exercises, on top of the general tools.

Nothing below imports it; it uses ``lstm_helpers`` as any reader could.
"""
