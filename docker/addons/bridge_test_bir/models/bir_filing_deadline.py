from datetime import date, timedelta

from odoo import api, fields, models

from .form_types import FORM_TYPES

MONTHLY_FORMS = ("2550M", "1601C", "1601E", "1601F")
QUARTERLY_FORMS = ("2550Q", "1701Q")
ANNUAL_FORMS = ("1604CF", "1700", "1701", "1702RT")
DUE_SOON_DAYS = 5


class BirFilingDeadline(models.Model):
    """A filing deadline, with the fields and the oddities that the bridge has to live with:
    no unique key over the period, no archive, no chatter, and a stored state that goes stale."""

    _name = "bir.filing.deadline"
    _description = "BIR Filing Deadline"
    _order = "deadline_date, id"

    name = fields.Char("Description", required=True)
    form_type = fields.Selection(FORM_TYPES, required=True)
    period_month = fields.Integer()
    period_year = fields.Integer()
    deadline_date = fields.Date("Filing Deadline", required=True)
    reminder_date = fields.Date(compute="_compute_reminder_date", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    return_id = fields.Many2one("bir.tax.return", "Linked Return")
    state = fields.Selection(
        [
            ("upcoming", "Upcoming"),
            ("due_soon", "Due Soon (5 days)"),
            ("overdue", "Overdue"),
            ("filed", "Filed"),
        ],
        "Status",
        compute="_compute_state",
        store=True,
    )

    @api.depends("deadline_date")
    def _compute_reminder_date(self):
        for deadline in self:
            deadline.reminder_date = (
                deadline.deadline_date and deadline.deadline_date - timedelta(days=DUE_SOON_DAYS)
            )

    # Stored, and recomputed only when one of these changes: a date that merely passes leaves the
    # state as it was. That is how the production model behaves.
    @api.depends("deadline_date", "return_id.state")
    def _compute_state(self):
        today = date.today()
        for deadline in self:
            if deadline.return_id.state in ("filed", "confirmed"):
                deadline.state = "filed"
            elif not deadline.deadline_date:
                deadline.state = "upcoming"
            elif deadline.deadline_date < today:
                deadline.state = "overdue"
            elif deadline.deadline_date <= today + timedelta(days=DUE_SOON_DAYS):
                deadline.state = "due_soon"
            else:
                deadline.state = "upcoming"

    @api.model
    def _cron_generate_deadlines(self):
        """Creates what is missing of this year's 60 deadlines of every company."""
        for company in self.env["res.company"].search([]):
            for values in self._deadlines_of_year(date.today().year):
                self._create_if_missing(dict(values, company_id=company.id))

    def _create_if_missing(self, values):
        keys = ("company_id", "form_type", "period_year", "period_month")
        if not self.search_count([(key, "=", values[key]) for key in keys], limit=1):
            self.create(values)

    def _deadlines_of_year(self, year):
        for month in range(1, 13):
            for form in MONTHLY_FORMS:
                due = date(year + month // 12, month % 12 + 1, 20)
                yield self._deadline(form, f"{month:02d}/{year}", year, month, due)
        for quarter in range(1, 5):
            month = quarter * 3
            for form in QUARTERLY_FORMS:
                due = date(year + month // 12, month % 12 + 1, 25)
                yield self._deadline(form, f"Q{quarter}/{year}", year, month, due)
        for form in ANNUAL_FORMS:
            yield self._deadline(form, str(year), year, 0, date(year + 1, 4, 15))

    def _deadline(self, form, period, year, month, due):
        return {
            "name": f"{form} - {period}",
            "form_type": form,
            "period_year": year,
            "period_month": month,
            "deadline_date": due,
        }
