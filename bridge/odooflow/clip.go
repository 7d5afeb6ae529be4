package odooflow

// Clip cuts a name of Odoo's to at most so many characters: a server that counts
// characters refuses what is longer.
func Clip(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}
