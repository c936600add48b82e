"""What is written on the corpus's pictures: Chinese, English and digits, put together from lists of words.

Everything here is made up. Every character is in the recogniser's dictionary, so that a wrong one is a
mistake of reading and never one that could not have been avoided.
"""

from __future__ import annotations

import random
from collections.abc import Callable

CITIES = ("北京", "上海", "广州", "深圳", "杭州", "南京", "成都", "武汉", "西安", "重庆", "青岛", "厦门")
DISTRICTS = ("朝阳区", "浦东新区", "天河区", "南山区", "西湖区", "鼓楼区", "武侯区", "江汉区", "雁塔区")
STREETS = ("人民路", "中山大道", "科技园北路", "解放西路", "长江街", "和平里", "建设三路", "学院南路")
FIRMS = ("云图", "恒远", "新华", "博海", "晨光", "宏达", "利民", "天成", "东方", "金桥", "华兴", "瑞祥")
TRADES = ("数据服务", "电子商务", "物流运输", "餐饮管理", "医疗器械", "建筑材料", "文化传播", "软件技术")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ("伟", "芳", "秀英", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明")
SUBJECTS = (
    *("这个系统", "运维人员", "项目小组", "我们的客户", "新的模型", "市场部门", "监控平台", "研究人员"),
    *("第二季度的报告", "本次会议", "供应商", "管理委员会", "数据中心", "合同双方", "质量检查员", "财务部门"),
)
ADVERBS = ("已经", "可以", "必须", "通常", "每天", "正在", "将会", "应当", "逐步", "及时", "按照规定")
VERBS = (
    *("完成", "检查", "提高", "记录", "处理", "比较", "公布", "准备", "测量", "分析", "更新", "保存"),
    *("讨论", "确认", "降低", "改进", "提交", "支付"),
)
OBJECTS = (
    *(
        "请求的响应时间",
        "全部的订单数据",
        "服务的可用性",
        "设备的运行状态",
        "图像识别的准确率",
        "年度财务预算",
    ),
    *(
        "仓库的库存清单",
        "员工的培训计划",
        "网络的安全策略",
        "产品质量的标准",
        "客户的反馈意见",
        "下一阶段的目标",
    ),
    *("发票的税额", "内存的使用情况", "工程的施工进度", "货物的运输路线", "实验的观察结果", "合同的补充条款"),
)
TAILS = (
    *(
        "，并且通知相关人员",
        "，以便满足业务需要",
        "，然后写入数据库",
        "，但是不影响其他用户",
        "，时间不超过一周",
    ),
    *("，费用由双方承担", "，详细内容见附件", "，结果令人满意", "", "", ""),
)
GOODS = (
    *(
        "苹果汁",
        "全麦面包",
        "纯牛奶",
        "矿泉水",
        "鸡蛋",
        "大米",
        "酱油",
        "番茄",
        "香蕉",
        "巧克力",
        "绿茶",
        "咖啡",
    ),
    *("洗衣液", "牙膏", "毛巾", "电池", "铅笔", "笔记本", "饼干", "花生油", "豆腐", "猪肉", "白菜", "土豆"),
)
ENGLISH_GOODS = (
    *("Apple juice", "Brown bread", "Fresh milk", "Green tea", "Coffee beans", "Notebook A5", "Batteries AA"),
    *("Olive oil", "Tomatoes", "Orange jam", "Hand soap", "Paper towels", "Chocolate", "Rice 5kg"),
)
ENGLISH_SUBJECTS = (
    *("The server", "Our customer", "This report", "Every request", "The new model", "A second worker"),
    *("The contract", "Each invoice", "The committee", "An engineer", "The warehouse", "Their laboratory"),
)
ENGLISH_VERBS = (
    *("has finished", "must check", "will improve", "records", "compares", "has to publish", "may refuse"),
    *("measures", "prepares", "needs", "can replace", "describes"),
)
ENGLISH_OBJECTS = (
    *("the response time", "all open orders", "a monthly budget", "the quality of service", "several pages"),
    *("the memory limit", "an annual plan", "the list of goods", "its own results", "a signed copy"),
    *("the delivery address", "two further samples", "the average price", "a temporary failure"),
)
ENGLISH_TAILS = (
    *(
        "before the end of the week",
        "without any delay",
        "for the next quarter",
        "in most cases",
        "as agreed",
    ),
    *("at a lower cost", "under heavy load", "on the same machine", "within 30 days", "after a short break"),
)


def sentence(chance: random.Random) -> str:
    """One Chinese sentence."""
    pick = chance.choice
    return f"{pick(SUBJECTS)}{pick(ADVERBS)}{pick(VERBS)}{pick(OBJECTS)}{pick(TAILS)}。"


def english_sentence(chance: random.Random) -> str:
    """One English sentence."""
    pick = chance.choice
    return f"{pick(ENGLISH_SUBJECTS)} {pick(ENGLISH_VERBS)} {pick(ENGLISH_OBJECTS)} {pick(ENGLISH_TAILS)}."


def firm(chance: random.Random) -> str:
    return f"{chance.choice(CITIES)}{chance.choice(FIRMS)}{chance.choice(TRADES)}有限公司"


def address(chance: random.Random) -> str:
    place = f"{chance.choice(CITIES)}市{chance.choice(DISTRICTS)}{chance.choice(STREETS)}"
    return f"{place}{chance.randint(1, 999)}号"


def person(chance: random.Random) -> str:
    return chance.choice(SURNAMES) + chance.choice(GIVEN)


def digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def money(chance: random.Random, most: int = 2000) -> str:
    return f"{chance.randint(1, most)}.{chance.randint(0, 99):02d}"


def date(chance: random.Random) -> str:
    year, month, day = chance.randint(2019, 2026), chance.randint(1, 12), chance.randint(1, 28)
    return chance.choice((f"{year}年{month}月{day}日", f"{year}-{month:02d}-{day:02d}"))


def short_line(chance: random.Random) -> tuple[str, bool]:
    """One line of its own, and whether it is in Latin letters and digits alone."""
    latin = chance.random() < 0.4
    return chance.choice(LATIN_LINES if latin else CHINESE_LINES)(chance), latin


CHINESE_LINES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: (
        f"{chance.choice(('订单编号', '发票号码', '账号'))}：{digits(chance, chance.randint(8, 20))}"
    ),
    lambda chance: f"{chance.choice(('地址', '收货地址', '注册地址'))}：{address(chance)}",
    lambda chance: f"{date(chance)} {person(chance)}",
    firm,
    sentence,
)
LATIN_LINES: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: f"{chance.choice(('Invoice', 'Order', 'Ticket'))} No. {digits(chance, 10)}",
    lambda chance: f"{chance.choice(('Total', 'Subtotal', 'Balance'))}: {money(chance)} CNY",
    english_sentence,
)


def shop(chance: random.Random, latin: bool) -> str:
    names = ("Corner Market", "City Store", "Station Shop", "Harbour Foods")
    return chance.choice(names) if latin else f"{chance.choice(FIRMS)}生活超市"


def receipt_rows(chance: random.Random, latin: bool) -> list[tuple[str, str]]:
    """What stands left and right in each row of a receipt."""
    goods = chance.sample(ENGLISH_GOODS if latin else GOODS, chance.randint(4, 9))
    head = (
        [f"No. {digits(chance, 10)}", f"Date {chance.randint(2019, 2026)}-{chance.randint(1, 12):02d}-01"]
        if latin
        else [f"单号：{digits(chance, 10)}", f"日期：{date(chance)}"]
    )
    rows = [(text, "") for text in head]
    rows += [(name, money(chance, 90)) for name in goods]
    rows.append(("Total" if latin else "合计", money(chance, 900)))
    rows.append(("Thank you for your visit" if latin else "谢谢惠顾，欢迎再次光临", ""))
    return rows


def title(chance: random.Random, latin: bool) -> str:
    english = (
        "Annual report on service levels",
        "Terms of delivery",
        "Minutes of the meeting",
        "Test protocol",
    )
    chinese = ("年度服务质量报告", "货物买卖合同", "项目会议纪要", "设备检验记录", "技术服务协议")
    return chance.choice(english if latin else chinese)


def facts(chance: random.Random, latin: bool) -> list[tuple[str, str]]:
    """Pairs that stand beside each other over a page's text."""
    if latin:
        return [
            (f"Reference: {digits(chance, 8)}", f"Page count: {chance.randint(2, 90)}"),
            (f"Amount: {money(chance)} EUR", f"Tax rate: {chance.randint(3, 25)}%"),
        ]
    return [
        (f"编号：{digits(chance, 10)}", f"日期：{date(chance)}"),
        (f"甲方：{firm(chance)}", f"联系人：{person(chance)}"),
        (f"乙方：{firm(chance)}", f"电话：{digits(chance, 11)}"),
    ]


def table_rows(chance: random.Random, latin: bool) -> list[tuple[str, str, str]]:
    """Name, count and price, under a heading."""
    head = ("Name", "Count", "Price") if latin else ("名称", "数量", "单价")
    goods = chance.sample(ENGLISH_GOODS if latin else GOODS, chance.randint(3, 5))
    return [head, *((name, str(chance.randint(1, 400)), money(chance)) for name in goods)]
