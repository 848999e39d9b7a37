"""Numbers from predictions and weights: computed by trusted code, on the evaluation set."""
