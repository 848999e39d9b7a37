"""Two million lines through print."""
for number in range(2 * 10**6):
    print("all tests passed", number)
