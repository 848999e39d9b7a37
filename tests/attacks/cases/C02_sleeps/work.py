import select

print("sleeping")
select.select([], [], [], 10**9)
