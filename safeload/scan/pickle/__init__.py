"""The pickle machine: opcodes in, a program out; nothing is imported or run."""
