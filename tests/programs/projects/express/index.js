const app = require("express")();
app.get("/", (_, response) => response.send("express"));
app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
});
