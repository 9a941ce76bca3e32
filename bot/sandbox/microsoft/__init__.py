"""The simulated Microsoft: Entra, Exchange Online and its mail hosts around one tenant."""
