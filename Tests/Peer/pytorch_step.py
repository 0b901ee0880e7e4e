#!/usr/bin/env python3
"""The PyTorch yardstick: one training step of a model for each attention mechanism.

Prints one JSON line a mechanism: milliseconds per sequence (median and best of the timed steps),
peak resident memory, and the density of the last step where it has one. A step is forward, loss,
backward and AdamW on fresh random tokens, as a PyTorch user would write it today: `softmax` and
`sbm` spell attention out as the paper's published code does; `sdpa` is the strongest stock
alternative to `softmax`. It shares no code with the Swift implementation.

    python pytorch_step.py --length 1024 --batch 8 --steps 3 --kinds softmax,sdpa,sbm
    python pytorch_step.py --length 1024 --density 0.05 --kinds sbm
"""
import argparse
import json
import math
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F

# dim, heads, features of a head, hidden, layers, vocabulary, classes, clusters of sbm
MODELS = {
    "lra": (64, 2, 32, 128, 2, 512, 10, 128),
    # The encoder of GLUE's experiments under a classifier, and under BERT's masked-LM head.
    "glue": (256, 4, 64, 1024, 4, 30522, 2, 32),
    "mlm": (256, 4, 64, 1024, 4, 30522, None, 32),
}
DIM, HEADS, HEAD_DIM, HIDDEN, LAYERS, VOCABULARY, CLASSES, CLUSTERS = MODELS["lra"]
DROPOUT = 0.1


class SampledMask(torch.autograd.Function):
    """0/1 samples of clamp(p + 0.01); hardtanh(mask * gradient) goes back to the probabilities."""

    @staticmethod
    def forward(context, probability):
        mask = torch.bernoulli((probability + 0.01).clamp(0, 1))
        context.save_for_backward(mask)
        return mask

    @staticmethod
    def backward(context, gradient):
        (mask,) = context.saved_tensors
        return F.hardtanh(mask * gradient)


class Softmax(nn.Module):
    def forward(self, q, k, v, mask):
        score = q @ k.transpose(-2, -1) / math.sqrt(HEAD_DIM)
        score = score - 1e6 * (1 - mask[:, None, None, :])
        return F.dropout(score.softmax(-1), DROPOUT, self.training) @ v


class SDPA(nn.Module):
    """Without attention dropout on a CPU: with it, PyTorch falls back to the spelled-out form there."""

    def forward(self, q, k, v, mask):
        dropout = DROPOUT if self.training and q.is_cuda else 0.0
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)


class SBM(nn.Module):
    def __init__(self, density, clusters):
        super().__init__()
        membership = math.sqrt(density)
        self.bias = math.log(membership / (1 - membership))
        self.clusters = nn.Parameter(torch.empty(HEADS, clusters, HEAD_DIM))
        nn.init.kaiming_normal_(self.clusters)
        self.node = nn.Sequential(
            nn.Linear(HEAD_DIM, HEAD_DIM), nn.ReLU(), nn.Linear(HEAD_DIM, HEAD_DIM)
        )

    def membership(self, x):
        return torch.sigmoid(self.node(x) @ self.clusters.transpose(-2, -1) + self.bias)

    def forward(self, q, k, v, mask):
        c = self.clusters
        count = c.shape[1]
        affinity = (c @ c.transpose(-2, -1)).flatten(1).softmax(-1).view(HEADS, count, count)
        probability = self.membership(q) @ (affinity @ self.membership(k).transpose(-2, -1))
        graph = SampledMask.apply(probability)
        score = q @ k.transpose(-2, -1) / math.sqrt(HEAD_DIM)
        score = score.masked_fill(mask[:, None, None, :] == 0, float("-inf"))
        weight = F.normalize(score.softmax(-1) * graph, p=1, dim=-1)
        self.density = graph.detach().mean()
        return F.dropout(weight, DROPOUT, self.training) @ v


class Linear(nn.Module):
    def forward(self, q, k, v, mask):
        m = mask[:, None, :, None]
        q, k = F.elu(q) + 1, (F.elu(k) + 1) * m
        return (q / math.sqrt(q.shape[2])) @ (k.transpose(-2, -1) @ (v * m))


class Linformer(nn.Module):
    def __init__(self, length, rank=256):
        super().__init__()
        self.e = nn.Parameter(torch.randn(HEADS, rank, length) * 0.02)

    def forward(self, q, k, v, mask):
        m = mask[:, None, :, None]
        k, v = self.e @ (k * m), self.e @ (v * m)
        return (q @ k.transpose(-2, -1) / math.sqrt(HEAD_DIM)).softmax(-1) @ v


class Performer(nn.Module):
    def __init__(self, features=256):
        super().__init__()
        blocks = features // HEAD_DIM
        q = [torch.linalg.qr(torch.randn(HEAD_DIM, HEAD_DIM))[0].T for _ in range(blocks)]
        norms = torch.randn(features, HEAD_DIM).norm(dim=1, keepdim=True)
        self.register_buffer("omega", torch.cat(q) * norms)

    def features(self, x, over):
        x = x / HEAD_DIM**0.25
        p = x @ self.omega.T
        p = p - x.square().sum(-1, keepdim=True) / 2
        return (p - p.amax(over, keepdim=True).detach()).exp() + 1e-4

    def forward(self, q, k, v, mask):
        m = mask[:, None, :, None]
        q, k = self.features(q, (-1,)), self.features(k * m, (-1, -2))
        return q @ (k.transpose(-2, -1) @ (v * m)) / (q @ k.sum(-2).unsqueeze(-1))


class Nystrom(nn.Module):
    def __init__(self, landmarks=256):
        super().__init__()
        self.landmarks = landmarks
        self.convolution = nn.Conv2d(
            HEADS, HEADS, (35, 1), padding=(17, 0), bias=False, groups=HEADS
        )

    def forward(self, q, k, v, mask):
        m = mask[:, None, :, None]
        q, k = q * m / HEAD_DIM**0.25, k * m / HEAD_DIM**0.25
        ql, kl = (x.unflatten(2, (self.landmarks, -1)).mean(3) for x in (q, k))
        left = (q @ kl.transpose(-2, -1)).softmax(-1)
        middle = (ql @ kl.transpose(-2, -1)).softmax(-1)
        right = (ql @ k.transpose(-2, -1) - 1e9 * (1 - mask[:, None, None, :])).softmax(-1)
        eye = torch.eye(self.landmarks)
        z = middle.transpose(-2, -1) / middle.sum(-2).max()
        for _ in range(6):
            mz = middle @ z
            z = 0.25 * z @ (13 * eye - mz @ (15 * eye - mz @ (7 * eye - mz)))
        return left @ z @ (right @ v) + self.convolution(v * m)


class Masked(nn.Module):
    """A fixed pattern as a boolean mask given to SDPA: what stock PyTorch has to set against one."""

    def __init__(self, pattern):
        super().__init__()
        self.register_buffer("pattern", pattern)

    def forward(self, q, k, v, mask):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self.pattern)


def window(length, radius=64):
    i = torch.arange(length)
    return (i[:, None] - i[None]).abs() <= radius


def strided(length, stride=32):
    return window(length, stride // 2) | (torch.arange(length) % stride == 0)[None]


def longformer(length):
    sees = window(length)
    sees[0], sees[:, 0] = True, True
    return sees


def bigbird(length, block=64, random=3):
    count = -(-length // block)
    sees = window(count, 1)
    ends = [0, count - 1]
    sees[ends], sees[:, ends] = True, True
    for row in range(count):
        sees[row, torch.randperm(count)[:random]] = True
    return sees.repeat_interleave(block, 0).repeat_interleave(block, 1)[:length, :length]


class Block(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.q, self.k, self.v = (nn.Linear(DIM, HEADS * HEAD_DIM) for _ in range(3))
        self.out = nn.Linear(HEADS * HEAD_DIM, DIM)
        self.attention = attention
        self.mlp = nn.Sequential(
            nn.Linear(DIM, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT),
            nn.Linear(HIDDEN, DIM), nn.Dropout(DROPOUT),
        )  # fmt: skip

    def forward(self, x, mask):
        h = self.norm1(x)
        q, k, v = (
            p(h).unflatten(-1, (HEADS, HEAD_DIM)).transpose(1, 2) for p in (self.q, self.k, self.v)
        )
        y = self.out(self.attention(q, k, v, mask).transpose(1, 2).flatten(2))
        x = x + F.dropout(y, DROPOUT, self.training)
        return x + self.mlp(self.norm2(x))


class Classifier(nn.Module):
    def __init__(self, make_attention, length):
        super().__init__()
        self.token, self.position = nn.Embedding(VOCABULARY, DIM), nn.Embedding(length, DIM)
        self.segment = nn.Embedding(2, DIM) if CLASSES == 2 else None
        self.blocks = nn.ModuleList(Block(make_attention()) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(DIM)
        self.head = nn.Sequential(nn.Linear(DIM, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))

    def forward(self, ids, *rest):
        x = self.token(ids) + self.position.weight[: ids.shape[1]]
        if self.segment is not None:
            x = x + self.segment(rest[0])
        mask = rest[-1]
        x = F.dropout(x, DROPOUT, self.training)
        for block in self.blocks:
            x = block(x, mask)
        return self.head((self.norm(x) * mask[..., None]).mean(1))


class MaskedLM(nn.Module):
    """The same encoder; logits only where tokens are asked for, by the transposed token embedding."""

    def __init__(self, make_attention, length):
        super().__init__()
        self.token, self.position = nn.Embedding(VOCABULARY, DIM), nn.Embedding(length, DIM)
        self.segment = nn.Embedding(2, DIM)
        self.blocks = nn.ModuleList(Block(make_attention()) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(DIM)
        self.transform = nn.Sequential(nn.Linear(DIM, DIM), nn.GELU(), nn.LayerNorm(DIM))
        self.bias = nn.Parameter(torch.zeros(VOCABULARY))

    def forward(self, ids, types, mask, places):
        x = self.token(ids) + self.position.weight[: ids.shape[1]] + self.segment(types)
        x = F.dropout(x, DROPOUT, self.training)
        for block in self.blocks:
            x = block(x, mask)
        hidden = (self.norm(x) * mask[..., None]).flatten(0, 1)[places]
        return self.transform(hidden) @ self.token.weight.T + self.bias


def inputs_of(a):
    """Random tokens, none of them padding, and labels, as the model takes them."""
    ids = torch.randint(1, VOCABULARY, (a.batch, a.length))
    mask = (ids != 0).float()
    if a.model == "lra":
        return (ids, mask), torch.randint(0, CLASSES, (a.batch,))
    types = (torch.arange(a.length) * 2 // a.length).expand(a.batch, -1)
    if a.model == "glue":
        return (ids, types, mask), torch.randint(0, CLASSES, (a.batch,))
    count = max(1, a.length * 15 // 100)
    places = torch.rand(a.batch, a.length).argsort(1)[:, :count]
    places = (places + torch.arange(a.batch)[:, None] * a.length).flatten()
    return (ids, types, mask, places), torch.randint(1, VOCABULARY, places.shape)


def measure(kind, make_attention, a):
    torch.manual_seed(0)
    model = (MaskedLM if a.model == "mlm" else Classifier)(make_attention, a.length)
    step = torch.compile(model) if a.compile else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
    is_cuda = a.device.startswith("cuda")
    if is_cuda:
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(a.steps + 1):
        inputs, labels = inputs_of(a)
        begin = time.perf_counter()
        with torch.autocast(a.device.split(":")[0], torch.bfloat16, enabled=a.bfloat16):
            loss = F.cross_entropy(step(*inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if is_cuda:
            torch.cuda.synchronize()
        times.append((time.perf_counter() - begin) * 1e3 / a.batch)
    # The first step also compiles and fills caches.
    times = sorted(times[1:])
    peak = torch.cuda.max_memory_allocated() if is_cuda else 0
    found = [float(b.attention.density) for b in model.blocks if hasattr(b.attention, "density")]
    return {
        "peer": f"pytorch-{torch.__version__}" + ("-compile" if a.compile else "")
        + ("-bfloat16" if a.bfloat16 else ""),
        "kind": kind,
        "length": a.length,
        "batch": a.batch,
        "ms_per_sequence": round(times[len(times) // 2], 2),
        "best_ms_per_sequence": round(times[0], 2),
        "peak_rss_mb": peak >> 20
        if is_cuda
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "density": round(sum(found) / len(found), 4) if found else None,
    }


def main():
    global DIM, HEADS, HEAD_DIM, HIDDEN, LAYERS, VOCABULARY, CLASSES, CLUSTERS
    kinds = "softmax,sdpa,sbm,linear,linformer,performer,nystrom"
    kinds += ",window,strided,longformer,bigbird"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--density", type=float, default=0.25,
        help="initial density of sbm (about), set through a bias of the memberships",
    )  # fmt: skip
    parser.add_argument("--model", choices=list(MODELS), default="lra")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:<index>")
    parser.add_argument("--bfloat16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--kinds", default=kinds)
    a = parser.parse_args()
    if a.threads:
        torch.set_num_threads(a.threads)
    torch.set_default_device(a.device)
    DIM, HEADS, HEAD_DIM, HIDDEN, LAYERS, VOCABULARY, CLASSES, CLUSTERS = MODELS[a.model]
    make = {
        "softmax": Softmax,
        "sdpa": SDPA,
        "sbm": lambda: SBM(a.density, CLUSTERS),
        "linear": Linear,
        "linformer": lambda: Linformer(a.length),
        "performer": Performer,
        "nystrom": Nystrom,
        "window": lambda: Masked(window(a.length)),
        "strided": lambda: Masked(strided(a.length)),
        "longformer": lambda: Masked(longformer(a.length)),
        "bigbird": lambda: Masked(bigbird(a.length)),
    }
    for kind in a.kinds.split(","):
        print(json.dumps(measure(kind, make[kind], a)), flush=True)


if __name__ == "__main__":
    main()
