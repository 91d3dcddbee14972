"""Models of the libraries that people use beside scikit-learn."""
