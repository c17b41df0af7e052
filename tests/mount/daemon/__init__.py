"""The program: its start and end, options, commands, .lasfs/, the log, the kernel."""
