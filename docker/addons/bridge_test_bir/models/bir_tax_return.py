from odoo import _, fields, models
from odoo.exceptions import UserError

from .form_types import FORM_TYPES


class BirTaxReturn(models.Model):
    """A return that a deadline may be linked to; it alone can make a deadline "filed"."""

    _name = "bir.tax.return"
    _description = "BIR Tax Return"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id"

    name = fields.Char(required=True)
    form_type = fields.Selection(FORM_TYPES, required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    period_start = fields.Date()
    period_end = fields.Date()
    filed_date = fields.Datetime()
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("computed", "Computed"),
            ("validated", "Validated"),
            ("filed", "Filed"),
            ("confirmed", "Confirmed"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        tracking=True,
    )

    # The actions answer None on purpose: over JSON-RPC that is an answer with neither result nor
    # error, and over XML-RPC a fault although the work was committed.

    def action_compute(self):
        self.write({"state": "computed"})

    def action_validate(self):
        for tax_return in self:
            if tax_return.state != "computed":
                raise UserError(_("Return must be computed before validation"))
        self.write({"state": "validated"})

    def action_mark_filed(self):
        for tax_return in self:
            if tax_return.state != "validated":
                raise UserError(_("Return must be validated before filing"))
        self.write({"state": "filed", "filed_date": fields.Datetime.now()})

    def action_reset_to_draft(self):
        self.write({"state": "draft", "filed_date": False})
