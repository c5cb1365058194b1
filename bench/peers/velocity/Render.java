// Renders the movie templates with Apache Velocity 1.7, for `cargo xtask bench vtl`. Its first argument
// is the folder of the templates. The protocol is that of crates/gateway/examples/render_speed.rs.
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.runtime.resource.loader.StringResourceLoader;
import org.apache.velocity.runtime.resource.util.StringResourceRepository;

public class Render {
    static final int BATCHES = 41;
    static final int CALLS = 20;
    static final int WARM_UP = 20_000;

    public static class Input {
        final String items;
        final List<Object> predictions;

        Input(String items, List<Object> predictions) {
            this.items = items;
            this.predictions = predictions;
        }

        public String params(String name) {
            return name.equals("items") ? items : name.equals("user_id") ? "321" : null;
        }

        public Object path(String path) {
            return path.equals("$.predictions") ? predictions : null;
        }
    }

    public static class Escapes {
        public String getNewline() {
            return "\n";
        }
    }

    final Map<String, Template> templates = new HashMap<>();
    final Input input;

    Render(Path folder) throws Exception {
        StringBuilder items = new StringBuilder();
        List<Object> predictions = new ArrayList<>();
        for (int item = 0; item < 100; item++) {
            items.append(item > 0 ? "," : "").append(100 + item);
            Map<String, Object> prediction = new LinkedHashMap<>();
            prediction.put("scores", new ArrayList<Object>(List.of(3.0 + item * 0.0137)));
            predictions.add(prediction);
        }
        input = new Input(items.toString(), predictions);
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        engine.setProperty("resource.loader", "string");
        engine.setProperty("string.resource.loader.class", StringResourceLoader.class.getName());
        engine.init();
        StringResourceRepository repository = StringResourceLoader.getRepository();
        for (String name : new String[] {"request", "response"}) {
            repository.putStringResource(name, Files.readString(folder.resolve(name + ".vtl")));
            templates.put(name, engine.getTemplate(name));
        }
        for (int call = 0; call < WARM_UP; call++) {
            render("request");
            render("response");
        }
    }

    String render(String name) {
        VelocityContext context = new VelocityContext();
        context.put("input", input);
        context.put("esc", new Escapes());
        StringWriter writer = new StringWriter(8192);
        templates.get(name).merge(context, writer);
        return writer.toString();
    }

    double microseconds(String name) {
        double[] batches = new double[BATCHES];
        int length = 0;
        for (int batch = 0; batch < BATCHES; batch++) {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                length += render(name).length();
            }
            batches[batch] = (System.nanoTime() - start) / 1e3 / CALLS;
        }
        Arrays.sort(batches);
        return length > 0 ? batches[BATCHES / 2] : Double.NaN;
    }

    public static void main(String[] args) throws Exception {
        Render render = new Render(Path.of(args[0]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            if (line.startsWith("check ")) {
                String text = render.render(line.substring("check ".length())).replaceAll("\\s", "");
                System.out.println(text.length() + " " + text.hashCode());
            } else {
                System.out.printf(Locale.ROOT, "%.3f%n", render.microseconds(line));
            }
            System.out.flush();
        }
    }
}
