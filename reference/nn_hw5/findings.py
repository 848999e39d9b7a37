def find(evidence):
    return ()
