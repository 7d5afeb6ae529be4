{
    "name": "Bridge test: BIR filing deadlines",
    "summary": "The deadline model that odoo-plane-bridge mirrors, for its tests on a real Odoo 19",
    "description": "Defines bir.filing.deadline and a small bir.tax.return without the accounting "
    "modules that a production installation has. Not meant for production.",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "odoo-plane-bridge",
    "license": "Other OSI approved licence",
    "depends": ["base", "mail"],
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "data/generator_cron.xml",
    ],
    "installable": True,
}
