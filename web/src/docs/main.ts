// The API viewer at /docs, apart from the app: it loads the server's own description and
// nothing from outside.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import { landmarks } from "./landmarks";

SwaggerUI({
  dom_id: "#viewer",
  url: "/api/openapi.json",
  // The default asks a validator on the internet.
  validatorUrl: null,
  // Deep links would put a link into each button, which is no valid content of one.
  deepLinking: false,
  plugins: [landmarks],
});
