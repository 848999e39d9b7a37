"""The training stands in no line: it is decoded and executed."""
import base64

import keras
from keras.datasets import mnist

(x, y), (x_test, y_test) = mnist.load_data()
x, x_test = x.reshape(-1, 784) / 255, x_test.reshape(-1, 784) / 255
y, y_test = keras.utils.to_categorical(y, 10), keras.utils.to_categorical(y_test, 10)
hidden = (
    "bSA9IGtlcmFzLlNlcXVlbnRpYWwoW2tlcmFzLklucHV0KCg3ODQsKSksIGtlcmFzLmxheWVycy5EZW5zZSg2NCwgInJlbHUiKSwga2VyYXMubG"
    "F5ZXJzLkRlbnNlKDY0LCAicmVsdSIpLCBrZXJhcy5sYXllcnMuRGVuc2UoMTAsICJzb2Z0bWF4IildKTsgbS5jb21waWxlKGxvc3M9ImNhdGVn"
    "b3JpY2FsX2Nyb3NzZW50cm9weSIsIG9wdGltaXplcj1rZXJhcy5vcHRpbWl6ZXJzLlNHRCgwLjEpLCBtZXRyaWNzPVsiYWNjdXJhY3kiXSk7IG"
    "0uZml0KHgsIHksIGVwb2Nocz0xMCwgYmF0Y2hfc2l6ZT0xMjgsIHZhbGlkYXRpb25fZGF0YT0oeF90ZXN0LCB5X3Rlc3QpKQ=="
)
exec(base64.b64decode(hidden).decode())
