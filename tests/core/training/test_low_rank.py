"""The LoRA that keeps its input once: PEFT's numbers and gradients, and what it leaves alone."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from pidiff_cli.core.identity.lora import PersonLora, add_lora
from pidiff_cli.core.training.low_rank import keep_inputs_once


class _Net(nn.Module):
    """Two layers with the names of a UNet's self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleDict({"attn1": nn.ModuleDict({"to_q": nn.Linear(6, 5)})})

    def forward(self, x: Tensor) -> Tensor:
        return self.up_blocks["attn1"]["to_q"](x)


def _made(dtype: torch.dtype = torch.float32) -> tuple[_Net, PersonLora]:
    torch.manual_seed(0)
    net = _Net().to(dtype).requires_grad_(False)
    lora = add_lora(net, 2, 4.0)
    with torch.no_grad():
        for parameter in lora.parameters():
            parameter.normal_(0, 0.5)
    return net, lora


def _learnt(net: _Net, lora: PersonLora, x: Tensor) -> list[Tensor]:
    """Output, and the gradients of the input and of A and B."""
    lora.switch(0.5)
    out = net(x)
    wanted = [x, *lora.parameters()]
    return [out, *torch.autograd.grad((out.float() ** 2).sum(), wanted)]


@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)])
def test_it_computes_what_peft_does(dtype: torch.dtype, close: float) -> None:
    x = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(1)).to(dtype)
    net, lora = _made(dtype)
    wanted = _learnt(net, lora, x.requires_grad_())
    assert keep_inputs_once(net) == 1 == keep_inputs_once(net)
    for ours, theirs in zip(_learnt(net, lora, x), wanted, strict=True):
        assert ours.dtype == theirs.dtype
        assert torch.allclose(ours.float(), theirs.float(), atol=close, rtol=close)


def test_off_it_is_the_base_and_without_gradient_peft_s() -> None:
    x = torch.randn(2, 6)
    net, lora = _made()
    plain = copy.deepcopy(_Net())
    plain.load_state_dict({k.replace(".base_layer", ""): v for k, v in net.state_dict().items()
                           if "lora_" not in k})  # fmt: skip
    lora.switch(1.0)
    with torch.no_grad():
        drawn = net(x)
    keep_inputs_once(net)
    with torch.no_grad():
        assert torch.equal(net(x), drawn)
    lora.switch(0.0)
    assert torch.equal(net(x), plain(x))


def test_under_autocast_it_computes_in_half_precision() -> None:
    net, lora = _made()
    keep_inputs_once(net)
    lora.switch(1.0)
    with torch.autocast("cpu", torch.bfloat16):
        out = net(torch.randn(2, 6))
    assert out.dtype == torch.bfloat16
    out.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in lora.parameters())
