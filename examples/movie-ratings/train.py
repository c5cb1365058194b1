"""Trains the movie model: an Object2Vec network that predicts how a user rates a movie.

    python -m pip install numpy==2.4.6 safetensors==0.8.0
    python train.py

There are no real people in the data. The ratings come from a latent model:

    rating = 3.5 + user's bias + movie's bias + user's tastes . movie's traits + noise,  cut to 1..5

Biases are normal with deviations 0.35 (users) and 0.45 (movies); tastes and traits have 6 dimensions
each, normal, so scaled that their product has deviation 0.7; the noise is normal with deviation 0.4.
943 users rate 1,682 movies (ids from 1 on), 150,000 ratings, of which a tenth is kept for testing. No
prediction can have a smaller root mean square error than the noise, cut as the ratings are.

Writes `model/object2vec.json`, `model/object2vec.safetensors` and `expected.json`, and ends with an
error if the test error is not below RMSE_MAX. One run takes a few seconds.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
USERS, MOVIES, RATINGS = 943, 1682, 150_000
TASTES = 6
NOISE = 0.4
RMSE_MAX = 0.45

EMBEDDING = 16
HIDDEN = 32
EPOCHS = 40
BATCH = 512
LEARNING_RATE = 1e-2
DECAY = 1.5


def main():
    random = np.random.default_rng(20240229)
    users, movies, truth, ratings = synthesise(random)
    test = random.random(RATINGS) < 0.1
    network = Network(random, float(ratings[~test].mean()))
    train(random, network, users[~test], movies[~test], ratings[~test])

    error = rmse(network.predict(users[test], movies[test]), ratings[test])
    constant = rmse(np.full(test.sum(), ratings[~test].mean()), ratings[test])
    best = rmse(truth[test], ratings[test])
    print(f"test RMSE {error:.4f}; always the mean {constant:.4f}; the latent model itself {best:.4f}")
    assert error < RMSE_MAX, f"the test error is not below {RMSE_MAX}"

    network.save(HERE / "model")
    write_expected(network)


def synthesise(random):
    """Users, movies, what the latent model says of each pair, and what was rated."""
    user_bias = random.normal(0, 0.35, USERS + 1)
    movie_bias = random.normal(0, 0.45, MOVIES + 1)
    scale = (0.7 / np.sqrt(TASTES)) ** 0.5
    tastes = random.normal(0, scale, (USERS + 1, TASTES))
    traits = random.normal(0, scale, (MOVIES + 1, TASTES))
    pairs = random.choice(USERS * MOVIES, RATINGS, replace=False)
    users, movies = pairs // MOVIES + 1, pairs % MOVIES + 1
    match = np.einsum("nk,nk->n", tastes[users], traits[movies])
    truth = 3.5 + user_bias[users] + movie_bias[movies] + match
    ratings = np.clip(truth + random.normal(0, NOISE, RATINGS), 1, 5)
    return users, movies, np.clip(truth, 1, 5), ratings.astype(np.float32)


class Network:
    """Two embeddings, compared by product, both, and distance; one hidden layer; one number."""

    def __init__(self, random, mean):
        def normal(*shape, scale):
            return random.normal(0, scale, shape).astype(np.float32)

        compared = 4 * EMBEDDING
        self.weights = {
            "enc0.embedding": normal(USERS + 1, EMBEDDING, scale=0.3),
            "enc1.embedding": normal(MOVIES + 1, EMBEDDING, scale=0.3),
            "mlp.0.weight": normal(HIDDEN, compared, scale=(2 / compared) ** 0.5),
            "mlp.0.bias": np.zeros(HIDDEN, np.float32),
            "output.weight": normal(1, HIDDEN, scale=(1 / HIDDEN) ** 0.5),
            "output.bias": np.full(1, mean, np.float32),
        }

    def forward(self, users, movies):
        w = self.weights
        a, b = w["enc0.embedding"][users], w["enc1.embedding"][movies]
        compared = np.concatenate([a * b, a, b, np.abs(a - b)], axis=1)
        hidden = np.maximum(compared @ w["mlp.0.weight"].T + w["mlp.0.bias"], 0)
        return a, b, compared, hidden, hidden @ w["output.weight"].T + w["output.bias"]

    def predict(self, users, movies):
        return self.forward(users, movies)[-1][:, 0]

    def gradients(self, users, movies, ratings):
        """Of half the mean squared error, by hand: the network is small enough."""
        w, e = self.weights, EMBEDDING
        a, b, compared, hidden, output = self.forward(users, movies)
        d_output = (output - ratings[:, None]) / len(ratings)
        d_hidden = (d_output @ w["output.weight"]) * (hidden > 0)
        d_compared = d_hidden @ w["mlp.0.weight"]
        product, left, right, apart = (d_compared[:, i * e : (i + 1) * e] for i in range(4))
        apart = apart * np.sign(a - b)
        grads = {
            "mlp.0.weight": d_hidden.T @ compared,
            "mlp.0.bias": d_hidden.sum(0),
            "output.weight": d_output.T @ hidden,
            "output.bias": d_output.sum(0),
            "enc0.embedding": np.zeros_like(w["enc0.embedding"]),
            "enc1.embedding": np.zeros_like(w["enc1.embedding"]),
        }
        np.add.at(grads["enc0.embedding"], users, product * b + left + apart)
        np.add.at(grads["enc1.embedding"], movies, product * a + right - apart)
        return grads

    def save(self, folder):
        folder.mkdir(exist_ok=True)
        hyperparameters = {
            "enc0_network": "pooled_embedding",
            "enc0_vocab_size": USERS + 1,
            "enc0_max_seq_len": 1,
            "enc0_token_embedding_dim": EMBEDDING,
            "enc1_network": "pooled_embedding",
            "enc1_vocab_size": MOVIES + 1,
            "enc1_max_seq_len": 1,
            "enc1_token_embedding_dim": EMBEDDING,
            "enc_dim": EMBEDDING,
            "comparator_list": "hadamard, concat, abs_diff",
            "mlp_layers": 1,
            "mlp_dim": HIDDEN,
            "mlp_activation": "relu",
            "output_layer": "mean_squared_error",
        }
        text = json.dumps(hyperparameters, indent=2) + "\n"
        (folder / "object2vec.json").write_text(text)
        save_file(self.weights, folder / "object2vec.safetensors")


def train(random, network, users, movies, ratings):
    """Adam with decaying steps; the embeddings are held small."""
    weights = network.weights
    first = {name: np.zeros_like(weight) for name, weight in weights.items()}
    second = {name: np.zeros_like(weight) for name, weight in weights.items()}
    steps = EPOCHS * (len(users) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(users))
        for start in range(0, len(users) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            gradients = network.gradients(users[chosen], movies[chosen], ratings[chosen])
            step += 1
            rate = LEARNING_RATE * (1 - step / (steps + 1))
            for name, gradient in gradients.items():
                first[name] += 0.1 * (gradient - first[name])
                second[name] += 0.001 * (gradient**2 - second[name])
                mean = first[name] / (1 - 0.9**step)
                variance = second[name] / (1 - 0.999**step)
                weights[name] -= rate * mean / (np.sqrt(variance) + 1e-8)
                if name.endswith("embedding"):
                    weights[name] *= 1 - rate * DECAY


def write_expected(network):
    """What the trained network says of a few users and movies: what every server has to say."""
    users = [1, 42, 321, 321, 321, 500, 943]
    movies = [1, 7, 101, 131, 162, 1000, 1682]
    scores = network.predict(np.array(users), np.array(movies))
    instances = [{"in0": [user], "in1": [movie]} for user, movie in zip(users, movies)]
    predictions = [{"scores": [float(score)]} for score in scores]
    text = json.dumps({"instances": instances, "predictions": predictions}, indent=2) + "\n"
    (HERE / "expected.json").write_text(text)


def rmse(predicted, rated):
    return float(np.sqrt(np.mean((predicted - rated) ** 2)))


if __name__ == "__main__":
    main()
