// Renders templates with Apache Velocity 1.7, to compare with. One template per line of standard
// input, in base64; one answer per line of standard output: `= <base64 output>` or `! <class>`.
// The context is the one of `tests/it/oracle.rs`. Run as
//   java -cp velocity.jar:commons-lang.jar:commons-collections3.jar Oracle.java
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

public class Oracle {
    static VelocityEngine engine() {
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        engine.setProperty("resource.loader", "class");
        engine.setProperty("directive.foreach.maxloops", "1000");
        engine.setProperty("velocimacro.permissions.allow.inline.local.scope", "true");
        engine.init();
        return engine;
    }

    static VelocityContext context() {
        VelocityContext context = new VelocityContext();
        Map<String, Object> inner = new LinkedHashMap<>();
        inner.put("c", "deep");
        inner.put("n", 7);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("a", 1);
        map.put("b", inner);
        map.put("key with space", "v");
        map.put("none", null);
        map.put("list", new ArrayList<Object>(Arrays.asList(10, 20, 30)));
        context.put("name", "world");
        context.put("text", "Hello, World");
        context.put("csv", "a,b,,c,,");
        context.put("n", 3);
        context.put("zero", 0);
        context.put("long", 10000000000L);
        context.put("d", 2.5);
        context.put("yes", true);
        context.put("no", false);
        context.put("list", new ArrayList<Object>(Arrays.asList(1, "two", 3.5)));
        context.put("nulls", new ArrayList<Object>(Arrays.asList("a", null, "b")));
        context.put("empty", new ArrayList<Object>());
        context.put("map", map);
        return context;
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        VelocityEngine engine = engine();
        int rendered = 0;
        for (String line; (line = in.readLine()) != null; rendered++) {
            String template = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            StringWriter writer = new StringWriter();
            String answer;
            try {
                engine.evaluate(context(), writer, "t" + rendered, template);
                answer = "= " + Base64.getEncoder().encodeToString(writer.toString().getBytes(StandardCharsets.UTF_8));
            } catch (Throwable error) {
                answer = "! " + error.getClass().getSimpleName() + " " + String.valueOf(error.getMessage()).split("\n")[0];
            }
            out.println(answer);
        }
        out.flush();
    }
}
