"""Which names are surely of two people, and which may be of one."""

import pytest

from widget.names import differ

SAME = [
    ("Mara Lindqvist", "Mara Lindqvist"),
    ("LINDQVIST, Mara", "mara lindqvist"),
    ("Mara Berg", "Mara Lindqvist"),
    ("M. Lindqvist", "Mara Lindqvist"),
    ("A.Moreau-Lindqvist", "Mara Lindqvist"),
    ("Dr. Mara Lindqvist, PhD", "Lindqvist"),
    ("Mara", "Mara Lindqvist"),
    ("Anne-Marie Roy", "Annemarie Durand"),
    ("Anne Marie Roy", "Anne‑Marie Durand"),
    ("Sean O'Brien", "John OBrien"),
    ("Sean O’Brien", "John Oʼbrien"),
    ("D'Angelo Smith", "Angelo Russo"),
    ("Jose Garcia", "José Hernández"),
    ("Jose\u0301 Garcia", "JOSÉ"),
    ("Søren Kierkegaard", "Soren Aabye"),
    ("Łukasz Nowak", "LUKASZ Kowalski"),
    ("Müller", "Mueller"),
    ("Muller", "Müller"),
    ("Jörg Weiß", "WEISS, J."),
    ("Åse Aas", "Aase Berg"),
    ("Þór Jónsson", "Thor Karlsson"),
    ("Đặng Thị Hoa", "Dang Hoa"),
    ("İpek Yıldız", "IPEK YILDIZ"),
    ("Riya Das", "Priya Das"),
    ("ＭＡＲＡ Berg", "Mara Lindqvist"),
    # In another script, or with nothing to compare, it cannot be told.
    ("Анна Иванова", "Mara Lindqvist"),
    ("山田太郎", "Taro Yamada"),
    ("ヤマダタロウ", "山田太郎"),
    ("李 Wei", "Mara Lindqvist"),
    ("M. L.", "Tomas Brandl"),
    ("", "Mara Lindqvist"),
    ("Mara Lindqvist", ""),
    ("Dr.", "Mara Lindqvist"),
    ("4711 – ?", "Mara Lindqvist"),
    # Each script by its own ways.
    ("Фёдор Достоевский", "ФЕДОР Иванов"),
    ("Νίκος Παπαδόπουλος", "ΝΙΚΟΣ Δημητρίου"),
    ("أحمد علي", "احمد حسن"),
    ("مُحَمَّد علی", "محمد حسن"),
    ("علی\u200cرضا کریمی", "عليرضا حسن"),
    ("שָׁלוֹם כהן", "שלום לוי"),
    ("मारा शर्मा", "मारा वर्मा"),
    ("王小明", "小明 王"),
    ("王小明", "王大伟"),
    ("山田 太郎", "太郎 山田"),
    ("佐々木希", "希 佐々木"),
    ("김민수", "민수 김"),
    ("マーラ・リンド", "リンド マーラ"),
]
DIFFERENT = [
    ("Jonas Weber", "Mara Lindqvist"),
    ("Mara Lindqvist", "Mary Lindquist"),
    ("J. Doe", "J. Smith"),
    ("Dr. Jonas Weber", "Dr. Mara Lindqvist"),
    ("Maria de Souza", "Ana de Lima"),
    ("Ludwig van Beethoven", "Vincent van Gogh"),
    ("Weber", "Mara"),
    ("Анна Иванова", "Пётр Смирнов"),
    ("Νίκος Παπαδόπουλος", "Μαρία Δημητρίου"),
    ("أحمد علي", "فاطمة حسن"),
    ("李小龙", "大伟 王"),
    ("山田太郎", "花子 鈴木"),
    ("박지성", "민수 김"),
    ("Mara Lindqvist", "unknown"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_may_be_one_persons_do_not_differ(one: str, other: str) -> None:
    assert not differ(one, other)
    assert not differ(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_without_a_common_word_differ(one: str, other: str) -> None:
    assert differ(one, other)
    assert differ(other, one)
