"""The pages: a kiosk for the visitor, a console for technicians, a bench view for whoever uses the mouse as hand."""
