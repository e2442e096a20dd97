using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Marotte
{
    /// <summary>Reads JSON, because Unity's JsonUtility cannot read objects with any keys.</summary>
    internal sealed class Json
    {
        const int MaxDepth = 16;
        readonly string text;
        int at;

        Json(string text) { this.text = text; }

        /// <summary>Returns dictionaries, lists, strings, doubles, booleans or null.</summary>
        /// <exception cref="FormatException">The text is not one JSON value.</exception>
        public static object Parse(string text)
        {
            var reader = new Json(text);
            object value = reader.Value(0);
            reader.SkipSpace();
            if (reader.at != text.Length) throw reader.Error();
            return value;
        }

        object Value(int depth)
        {
            SkipSpace();
            if (depth > MaxDepth || at == text.Length) throw Error();
            switch (text[at])
            {
                case '{': return Object(depth);
                case '[': return Array(depth);
                case '"': return String();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        Dictionary<string, object> Object(int depth)
        {
            var found = new Dictionary<string, object>();
            at++;
            if (Next('}')) return found;
            do
            {
                SkipSpace();
                if (at == text.Length || text[at] != '"') throw Error();
                string key = String();
                if (!Next(':')) throw Error();
                found[key] = Value(depth + 1);
            } while (Next(','));
            if (!Next('}')) throw Error();
            return found;
        }

        List<object> Array(int depth)
        {
            var found = new List<object>();
            at++;
            if (Next(']')) return found;
            do found.Add(Value(depth + 1)); while (Next(','));
            if (!Next(']')) throw Error();
            return found;
        }

        string String()
        {
            var found = new StringBuilder();
            for (at++; at < text.Length && text[at] != '"'; at++)
            {
                found.Append(text[at] == '\\' ? Escaped() : text[at]);
            }
            if (at++ >= text.Length) throw Error();
            return found.ToString();
        }

        char Escaped()
        {
            if (++at >= text.Length) throw Error();
            int place = "bfnrt".IndexOf(text[at]);
            if (place >= 0) return "\b\f\n\r\t"[place];
            if (text[at] != 'u') return text[at];
            ushort code;
            if (at + 4 >= text.Length || !ushort.TryParse(
                text.Substring(at + 1, 4), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out code)) throw Error();
            at += 4;
            return (char)code;
        }

        double Number()
        {
            int start = at;
            while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0) at++;
            double value;
            // Games run under any culture; JSON's decimal point is always a point.
            if (!double.TryParse(text.Substring(start, at - start), NumberStyles.Float,
                CultureInfo.InvariantCulture, out value)) throw Error();
            return value;
        }

        object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0) throw Error();
            at += word.Length;
            return value;
        }

        bool Next(char expected)
        {
            SkipSpace();
            if (at == text.Length || text[at] != expected) return false;
            at++;
            return true;
        }

        void SkipSpace()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0) at++;
        }

        FormatException Error() { return new FormatException("no JSON at character " + at); }
    }
}
