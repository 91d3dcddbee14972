"""Tests that need skl2onnx and onnxruntime."""
