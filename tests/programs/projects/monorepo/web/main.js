const answer = await fetch(`${import.meta.env.VITE_API_URL}/checkout`);
document.querySelector("#checkout").textContent = await answer.text();
