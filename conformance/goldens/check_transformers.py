"""Does stock transformers read a model folder, and mean by it what the goldens say?

    python check_transformers.py MODEL_DIR

Loads the folder with AutoModelForCausalLM, nothing patched, in float32; asks one question by the chat template; runs
the English golden's tokens and compares the most likely next tokens wherever the golden is not close to a tie.
Prints what it checked; exits 1 where something failed.
"""

import pathlib
import sys

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

GOLDEN = pathlib.Path(__file__).resolve().parent / "smollm2" / "english.safetensors"
QUESTION, ANSWER = "What is the capital of France?", "Paris"
# Logits closer than this may change places: float32 over thirty layers, with room. Logits here are about 10 to 20.
MARGIN = 1e-2


def answer(model, tokenizer) -> str:
    """Greedy reply to the question."""
    messages = [{"role": "user", "content": QUESTION}]
    template = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
    prompt = tokenizer.apply_chat_template(messages, **template)
    ids = model.generate(**prompt, max_new_tokens=24, do_sample=False)
    return tokenizer.decode(ids[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)


def check_answer(model, tokenizer) -> bool:
    reply = answer(model, tokenizer)
    print(f"{QUESTION} {reply!r}")
    return ANSWER in reply


def check_logits(model, tokenizer) -> bool:
    """Tokens of the text, top-1 at every decidable position, and the distance of all logits where the golden has them."""
    with safe_open(GOLDEN, framework="pt") as reader:
        golden = {name: reader.get_tensor(name) for name in reader.keys()}
        text = reader.metadata()["text"]
    same_tokens = tokenizer(text, add_special_tokens=False)["input_ids"] == golden["tokens"].tolist()
    with torch.no_grad():
        logits = model(input_ids=golden["tokens"][None].long()).logits[0].double()
    decidable = golden["top.logits"][:, 0] - golden["top.logits"][:, 1] > MARGIN
    same = (logits.argmax(-1) == golden["top.ids"][:, 0]) | ~decidable
    distance = (logits[golden["positions"].long()] - golden["logits"]).abs().max().item()
    print(f"{GOLDEN.parent.name}/{GOLDEN.name}: the text's tokens are {'the same' if same_tokens else 'DIFFERENT'}")
    print(f"top-1 agrees at {int((same & decidable).sum())} of {int(decidable.sum())} decidable positions of {len(same)}")
    print(f"logits differ by at most {distance:.1e}")
    return same_tokens and bool(same.all()) and distance <= MARGIN


def main(folder: str) -> int:
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    print(f"{type(model).__name__} in {model.dtype}, unmodified")
    results = [check_answer(model, tokenizer), check_logits(model, tokenizer)]
    print("ok" if all(results) else "FAILED")
    return 0 if all(results) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
