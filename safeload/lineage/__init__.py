"""Where does a model come from? What is signed about its data and its code."""
