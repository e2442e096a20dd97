using System.Collections.Generic;
using System.Text;

namespace Marotte
{
    /// <summary>Finds the blend shapes of a mesh that a control means.
    ///
    /// Case, prefixes and separators do not matter, and L and R are Left and Right: `jawOpen` is
    /// also `Face.M_JawOpen` and `jaw_open`, `eyeBlinkLeft` is also `eyeBlink_L`. A control without
    /// a side moves both sides if the mesh has only those: `browInnerUp` moves `browInnerUp_L` and
    /// `browInnerUp_R`.</summary>
    public static class ShapeNames
    {
        const int ShortestWithPrefix = 4; // shorter names are the ends of too many others

        /// <summary>Returns the indices of the blend shapes that a control moves.</summary>
        public static List<int> Find(string control, IList<string> shapes)
        {
            var found = new List<int>();
            for (int i = 0; i < shapes.Count; i++) if (shapes[i] == control) found.Add(i);
            string plain = string.Concat(Words(control));
            if (found.Count == 0) Add(found, plain, shapes);
            if (found.Count == 0)
            {
                Add(found, plain + "left", shapes);
                Add(found, plain + "right", shapes);
            }
            return found;
        }

        static void Add(List<int> found, string plain, IList<string> shapes)
        {
            for (int i = 0; i < shapes.Count; i++) if (Means(shapes[i], plain)) found.Add(i);
        }

        static bool Means(string shape, string plain)
        {
            List<string> words = Words(shape);
            for (int first = 0; first < words.Count; first++)
            {
                if (first > 0 && plain.Length < ShortestWithPrefix) return false;
                if (string.Concat(words.GetRange(first, words.Count - first)) == plain) return true;
            }
            return false;
        }

        /// <summary>Splits a name at what is neither a letter nor a digit, in lower case, and writes
        /// the side out.</summary>
        static List<string> Words(string name)
        {
            var words = new List<string>();
            var word = new StringBuilder();
            foreach (char c in name + " ")
            {
                if (char.IsLetterOrDigit(c))
                {
                    word.Append(c);
                }
                else if (word.Length > 0)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }
            }
            int last = words.Count - 1;
            if (last >= 0) words[last] = WithSide(words[last], last > 0);
            return words.ConvertAll(each => each.ToLowerInvariant());
        }

        static string WithSide(string word, bool isLaterWord)
        {
            char side = word[word.Length - 1];
            bool ends = word.Length > 1
                ? char.IsLower(word[word.Length - 2]) && (side == 'L' || side == 'R')
                : isLaterWord && "LRlr".IndexOf(side) >= 0;
            if (!ends) return word;
            return word.Substring(0, word.Length - 1) + ("Ll".IndexOf(side) >= 0 ? "Left" : "Right");
        }
    }
}
