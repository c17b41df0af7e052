"""Bad days: a server that fails, a network that breaks, disks that are full, through a mount."""
