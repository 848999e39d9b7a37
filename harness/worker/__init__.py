"""The only code that meets student code. It runs inside the sandbox and imports nothing of the harness but
`harness.recording`."""
