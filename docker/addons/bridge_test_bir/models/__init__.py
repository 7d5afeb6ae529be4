from . import bir_tax_return
from . import bir_filing_deadline
