"""Health: which components and links work, what is out of its limits, and who is told."""
