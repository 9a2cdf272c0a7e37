"""What is seen: theme, figures, report, page."""
