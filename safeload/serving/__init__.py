"""How does safeload come to where models are loaded today? One part for each platform."""
