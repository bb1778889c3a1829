"""What the rivals that synchronise have in common: the greeting, the models, the closing line."""

import json
import os
import sys
import time
from typing import NamedTuple

# Where the models of the category `hris` are listed. Deductions have no list of their own: they
# come inside of payroll runs.
PATHS = {
    "hris.BankInfo": "bank-info",
    "hris.Benefit": "benefits",
    "hris.Company": "companies",
    "hris.Dependent": "dependents",
    "hris.Employee": "employees",
    "hris.EmployeePayrollRun": "employee-payroll-runs",
    "hris.EmployerBenefit": "employer-benefits",
    "hris.Employment": "employments",
    "hris.Group": "groups",
    "hris.Location": "locations",
    "hris.PayGroup": "pay-groups",
    "hris.PayrollRun": "payroll-runs",
    "hris.Team": "teams",
    "hris.TimeOff": "time-off",
    "hris.TimeOffBalance": "time-off-balances",
    "hris.TimesheetEntry": "timesheet-entries",
}


class Account(NamedTuple):
    """A linked account, as the simulator names it."""

    id: str
    base: str
    headers: dict[str, str]


def read_arguments() -> tuple[list[Account], str]:
    """Read `GREETING DATABASE` from the command line: the accounts, and the database's path."""
    _, path, database = sys.argv
    with open(path, encoding="utf-8") as opened:
        greeting = json.load(opened)
    accounts = [
        Account(
            id=account["id"],
            base=f"{greeting['address']}/api/{account['category']}/v1/",
            headers={
                "Authorization": f"Bearer {greeting['api_key']}",
                "X-Account-Token": account["token"],
            },
        )
        for account in greeting["accounts"]
    ]
    return accounts, database


class Stopwatch:
    """Time by the wall and by the processors, from when it is made."""

    def __init__(self) -> None:
        self.wall = time.perf_counter()
        self.cpu = cpu_seconds()

    def stop(self) -> dict[str, float]:
        """Say what has passed."""
        return {
            "seconds": round(time.perf_counter() - self.wall, 3),
            "cpu_seconds": round(cpu_seconds() - self.cpu, 3),
        }


def cpu_seconds() -> float:
    """What this process and its children that ended have used."""
    return sum(os.times()[:4])
