"""State that scikit-learn's compiled code relies on."""
