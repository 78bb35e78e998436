"""What people prove themselves with besides a password. Beside `schema`, which has the accounts."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from vms.store.schema import Base


class SecondFactorRow(Base):
    """The secret that a person's telephone shares with us (TOTP, RFC 6238)."""

    __tablename__ = "second_factor"
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary, doc="AES-256-GCM under data_dir/keys/login.key.")
    confirmed_at: Mapped[datetime | None] = mapped_column(doc="None: shown, but no code was given yet.")
    last_step: Mapped[int] = mapped_column(BigInteger, doc="30 s step of the last code: no code counts twice.")


class RecoveryCodeRow(Base):
    """Stands in for the telephone, once."""

    __tablename__ = "recovery_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True, doc="SHA-256 of 80 random bits.")
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    used_at: Mapped[datetime | None]
    __table_args__ = (Index("recovery_code_by_user", "user_id"),)
