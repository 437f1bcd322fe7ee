document.body.textContent = "angular";
