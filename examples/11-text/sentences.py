"""Messages of customers in Chinese and English with exact labels, and the vocabulary to read them with."""

from __future__ import annotations

import string
from dataclasses import dataclass

import numpy as np

LABELS = ("order", "complaint", "delivery", "thanks")
PATTERNS: dict[str, tuple[str, ...]] = {
    "order": (
        "I would like to order {count} {goods}",
        "please send me {count} {goods}",
        "can I buy {goods} from you?",
        "{name} wants to purchase {count} {goods}",
        "我想订购{count}个{goods}",
        "请给我来{count}件{goods}",
        "{name}要购买{goods}",
        "还能下单买{goods}吗？",
    ),
    "complaint": (
        "the {goods} is broken, I want my money back",
        "{name} is very unhappy with the {goods}",
        "this {goods} does not work at all!",
        "terrible quality, the {goods} fell apart",
        "{goods}坏了，我要退款",
        "{goods}质量太差了！",
        "{name}对{goods}非常不满意",
        "收到的{goods}根本不能用",
    ),
    "delivery": (
        "when will the {goods} arrive?",
        "where is the parcel with {count} {goods}?",
        "has the {goods} been shipped to {name} yet?",
        "track the delivery of my {goods}",
        "{goods}什么时候到？",
        "{count}个{goods}的包裹在哪里？",
        "{goods}发货给{name}了吗？",
        "帮我查一下{goods}的物流",
    ),
    "thanks": (
        "thank you, the {goods} is wonderful",
        "{name} loves the {goods}, thanks a lot!",
        "great service, I am happy with the {goods}",
        "many thanks for the quick help with the {goods}",
        "谢谢，{goods}非常好",
        "{name}很喜欢{goods}，多谢！",
        "服务很棒，{goods}我很满意",
        "感谢你们帮忙处理{goods}",
    ),
}


@dataclass(frozen=True)
class Fillings:
    """What stands in the gaps: goods and people in English and in Chinese."""

    goods: tuple[tuple[str, ...], tuple[str, ...]]
    names: tuple[tuple[str, ...], tuple[str, ...]]


TRAINING = Fillings(
    goods=(
        ("lamp", "blue chair", "kettle", "phone case", "winter coat", "desk", "red bicycle", "printer"),
        ("台灯", "蓝色椅子", "水壶", "手机壳", "冬季大衣", "书桌", "红色自行车", "打印机"),
    ),
    names=(("Anna", "Mr. Brown", "our office"), ("张伟", "李先生", "我们公司")),
)
TESTING = Fillings(
    goods=(
        ("umbrella", "coffee machine", "garden table", "headphones"),
        ("雨伞", "咖啡机", "花园餐桌", "耳机"),
    ),
    names=(("Oliver", "Mrs. Smith"), ("王芳", "陈女士")),
)


def written(fillings: Fillings, count: int, random: np.random.Generator) -> list[tuple[str, str]]:
    """Texts with their labels, all labels equally often."""
    texts: list[tuple[str, str]] = []
    for number in range(count):
        label = LABELS[number % len(LABELS)]
        pattern = PATTERNS[label][int(random.integers(len(PATTERNS[label])))]
        language = 0 if pattern.isascii() else 1
        goods, names = fillings.goods[language], fillings.names[language]
        text = pattern.format(
            count=int(random.integers(2, 100)),
            goods=goods[int(random.integers(len(goods)))],
            name=names[int(random.integers(len(names)))],
        )
        texts.append((text.capitalize() if random.random() < 0.5 else text, label))
    return texts


def vocabulary() -> list[str]:
    """Special pieces, letters and digits alone and as ends of words, every word and character in training."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = string.ascii_lowercase + string.digits
    pieces += [*letters, *(f"##{letter}" for letter in letters)]
    gaps = [word for words in (*TRAINING.goods, *TRAINING.names) for word in words]
    bare = [pattern.format(count="", goods="", name="") for all_of in PATTERNS.values() for pattern in all_of]
    for text in (*bare, *gaps):
        for word in text.lower().split():
            pieces += [word.strip(string.punctuation)] if word.isascii() else list(word)
    pieces += list(string.punctuation + "，。！？")
    return [piece for piece in dict.fromkeys(pieces) if piece]
