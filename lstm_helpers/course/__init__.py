"""The course: its weather, its forecaster, its worlds and exercises, on top of the general tools.

The general tools do not import it. It uses ``lstm_helpers`` as any reader could.
"""
