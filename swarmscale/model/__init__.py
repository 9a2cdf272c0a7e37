"""What happens when: config, the task flow, the step, records, checkpoints."""
