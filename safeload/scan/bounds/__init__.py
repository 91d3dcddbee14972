"""What reading and judging one file may cost: time, steps and memory."""
