// Runs the session with java.net.http, once as it is, which offers HTTP/2, and once with HTTP/1.1: java Session.java URL...
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

record Session(HttpClient client, String url) {
    static final String ALLOCATION = "{\"app\":\"shop\",\"instance\":\"main\",\"service\":\"web\"}";

    void run() throws Exception {
        ask("POST", "", ALLOCATION);
        ask("PUT", "", ALLOCATION);
        ask("POST", "", ALLOCATION);
        ask("GET", "?app=shop", "");
        ask("DELETE", "", "{\"app\":\"shop\"}");
        ask("GET", "?app=shop", "");
    }

    void ask(String method, String query, String body) throws Exception {
        var uri = URI.create(url + "/v1/allocations" + query);
        var publisher = body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
        var request = HttpRequest.newBuilder(uri).method(method, publisher).build();
        var response = client.send(request, BodyHandlers.ofString());
        System.out.println(response.body() + response.statusCode());
    }

    public static void main(String[] urls) throws Exception {
        for (var url : urls) {
            new Session(HttpClient.newHttpClient(), url).run();
            new Session(HttpClient.newBuilder().version(Version.HTTP_1_1).build(), url).run();
        }
    }
}
