import json
import os
import sys

import keras
import numpy as np
import tensorflow as tf

print("imported", np.__name__, keras.__name__, tf.__name__, json.__name__)
