"""State that pandas' and pyarrow's compiled code relies on."""
